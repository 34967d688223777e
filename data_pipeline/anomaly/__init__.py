"""Detectors of layers that training data should not hold: blurred faces, watermarks and their like."""

from data_pipeline.anomaly.built_in import built_in, check_models
from data_pipeline.anomaly.detector import Detector, Judge, Opinion, Scene, Subject, Verdict, judged

__all__ = ["Detector", "Judge", "Opinion", "Scene", "Subject", "Verdict", "built_in", "check_models", "judged"]
