"""The detectors that come with Lamina, as the options ask for them."""

from data_pipeline.anomaly.blaze_face import check_networks
from data_pipeline.anomaly.blurred_faces import BlurredFaces
from data_pipeline.anomaly.detector import Detector, Judge
from data_pipeline.anomaly.guide import Guide
from data_pipeline.anomaly.placeholder import Placeholder
from data_pipeline.anomaly.solid_colour import SolidColour
from data_pipeline.anomaly.watermark import Watermark
from schemas.options import IGNORE, CurateOptions

_KINDS = (BlurredFaces, Watermark, Placeholder, Guide, SolidColour)


def check_models(options: CurateOptions) -> None:
    """Raises FaceModelMissing, a ValueError, where the options ask for a model that is not installed."""
    if options.blurred_face != IGNORE:
        check_networks()


def built_in(options: CurateOptions) -> tuple[Judge, ...]:
    """Those that the options do not ignore. An option has the name of the detector's reason."""
    judges = []
    for kind in _KINDS:
        name = kind.reason.value
        policy = getattr(options, name)
        if policy != IGNORE:
            detector: Detector = kind(threshold=getattr(options, f"{name}_threshold"))
            judges.append(Judge(detector, policy))
    return tuple(judges)
