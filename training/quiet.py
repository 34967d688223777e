"""Libraries that tell of their inner workings in, silence out: a command tells of itself."""

import logging
import warnings

from transformers.utils import logging as transformers_logging


def quieten() -> None:
    """DeepSpeed, torch and transformers."""
    logging.getLogger("DeepSpeed").addFilter(lambda record: record.levelno >= logging.ERROR)  # it sets its own level
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch")
    transformers_logging.disable_progress_bar()
