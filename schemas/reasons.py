"""Why a document is rejected, why a layer is dropped, and what became of every node of a layer tree.

The values are stored in the tables and accepted by RETRY, so a value is never renamed or reused.
"""

from enum import StrEnum


class Stage(StrEnum):
    """The step of the job at which a document was rejected."""

    DISCOVER = "discover"
    OPEN = "open"
    RIGHTS = "rights"
    FLATTEN = "flatten"
    VERIFY = "verify"
    FILTER = "filter"
    MERGE = "merge"
    RESIZE = "resize"
    CAPTION = "caption"
    WRITE = "write"
    DEDUPLICATE = "deduplicate"


class Reason(StrEnum):
    """Why a document became no sample."""

    UNREADABLE = "unreadable"  # missing, or the file system refused it
    EMPTY_FILE = "empty_file"
    NOT_A_PSD = "not_a_psd"
    DAMAGED_FILE = "damaged_file"  # its structure cannot be parsed
    DAMAGED_PIXELS = "damaged_pixels"  # a channel cannot be decompressed
    UNUSABLE_PICTURE = "unusable_picture"  # of an imported layer: damaged, of no format that is read, or too large
    FILE_TOO_LARGE = "file_too_large"
    CANVAS_TOO_LARGE = "canvas_too_large"
    TOO_MANY_LAYERS = "too_many_layers"
    TOO_MANY_PIXELS = "too_many_pixels"  # of all layers together
    NO_LAYERS = "no_layers"
    MINING_PROHIBITED = "mining_prohibited"  # by what the file says of itself
    AI_GENERATED = "ai_generated"  # likewise
    NO_STORED_IMAGE = "no_stored_image"
    UNFAITHFUL = "unfaithful"  # differs from the image that Photoshop stored, or that came with the layers
    NOTHING_VISIBLE = "nothing_visible"
    ANOMALOUS_LAYER = "anomalous_layer"  # and option `anomalous` asks for the whole document
    TOO_MANY_OVERLAPS = "too_many_overlaps"  # more levels than the cap, after merging
    OUT_OF_TIME = "out_of_time"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"  # the process that curated it died
    INTERNAL_ERROR = "internal_error"  # a defect of Lamina: please report it
    DUPLICATE_FILE = "duplicate_file"
    DUPLICATE_COMPOSITE = "duplicate_composite"
    NEAR_DUPLICATE = "near_duplicate"  # and option `keep` asks for the best of each family


class DropReason(StrEnum):
    """Why a layer is not in its document's sample."""

    HIDDEN = "hidden"
    EMPTY = "empty"
    OFF_CANVAS = "off_canvas"
    TOO_SMALL = "too_small"  # visible on fewer pixels than asked
    NON_CONTRIBUTING = "non_contributing"  # the composite is the same without it
    WATERMARK = "watermark"
    PLACEHOLDER = "placeholder"
    GUIDE = "guide"
    SOLID_COLOUR = "solid_colour"  # a plain ground that hides nothing
    ANOMALY = "anomaly"  # found by a detector that is not built in
    UNDRAWN = "undrawn"  # a feature that cannot be rendered; named in `unsupported`
    DOCUMENT_REJECTED = "document_rejected"
    BLURRED_FACE = "blurred_face"  # or one that is mosaiced or has a bar across its eyes


class Objection(StrEnum):
    """Of a second opinion to what a detector found; stored as a flag, after the detector's name."""

    DOUBTED = "doubted"  # the layer stays
    UNCONFIRMED = "unconfirmed"  # no clear answer: the layer goes


class Fate(StrEnum):
    """What became of one node of a layer tree."""

    STORED = "stored"  # a stored layer of its own
    MERGED = "merged"  # shares a stored layer with others that it does not overlap
    FLATTENED = "flattened"  # its pixels are part of another layer's
    DROPPED = "dropped"
    DISSOLVED = "dissolved"  # a group or an adjustment, which lives on in the layers that it acts on
