"""YAML files of models and scenarios: read with advice, written whole, described by a schema."""

from simsales.files.document import Document, read_document
from simsales.files.load import load_any, load_model, load_scenario, locate_changes
from simsales.files.output import check_folder, check_writable, write_text
from simsales.files.problems import locate
from simsales.files.save import save_model, save_scenario, to_yaml
from simsales.files.schema import json_schema

__all__ = [
    "Document",
    "check_folder",
    "check_writable",
    "json_schema",
    "load_any",
    "load_model",
    "load_scenario",
    "locate",
    "locate_changes",
    "read_document",
    "save_model",
    "save_scenario",
    "to_yaml",
    "write_text",
]
