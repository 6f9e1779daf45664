"""Files that trainers and vendors read: writers, and checks that refuse a row before they would."""

from mandi.datasets.formats.checking import Checked, Problem, check_file, refuse_broken
from mandi.datasets.formats.export import export, exported
from mandi.datasets.formats.kinds import FORMATS, Format, format_named

__all__ = [
    "FORMATS",
    "Checked",
    "Format",
    "Problem",
    "check_file",
    "export",
    "exported",
    "format_named",
    "refuse_broken",
]
