"""The validator of annotation files: every requirement on an entry is checked when the file is opened.

    file -> pictures, categories, annotations of known types -> findings -> stop, or go on without the broken

`AnnotationFile` holds the entries that can be used, with their outlines as compact as the file has them, and
every `Finding`; `Report` counts them. The checks stand beside what they check: `pictures`, `categories`,
`objects`, `outlines`.
"""

from minimaskrcnn.data.annotations.annotation_file import AnnotationFile
from minimaskrcnn.data.annotations.entries import Annotation, Category, Picture
from minimaskrcnn.data.annotations.findings import Finding, Severity
from minimaskrcnn.data.annotations.report import Report
from minimaskrcnn.data.annotations.writing import write_coco

__all__ = [
    "Annotation",
    "AnnotationFile",
    "Category",
    "Finding",
    "Picture",
    "Report",
    "Severity",
    "write_coco",
]
