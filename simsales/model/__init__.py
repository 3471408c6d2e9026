"""What an organisation is: frozen values, checked at birth."""
