DemoResult = run = None
