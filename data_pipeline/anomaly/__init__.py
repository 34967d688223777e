"""Detectors of layers that training data should not hold: blurred faces, watermarks and their like."""

from data_pipeline.anomaly.detector import Anomaly, Detector, anomalies

__all__ = ["Anomaly", "Detector", "anomalies"]
