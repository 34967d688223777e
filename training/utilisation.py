"""A device in, the floating-point operations a second that its maker promises out, for utilisation (MFU)."""

import torch

# Dense bf16, TFLOP/s, of the makers' data sheets; the first name that the device's contains.
PEAK_TFLOPS = {
    "B200": 2250.0, "H200": 989.0, "H100 PCIe": 756.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0, "L40": 181.0,
    "RTX 4090": 165.0, "A10": 125.0,
}  # fmt: skip


def peak_flops(given_tflops: float | None, device: torch.device) -> float | None:
    """FLOP/s as given, or by the device's name; None where that is not known, as of a CPU."""
    if given_tflops is not None:
        return given_tflops * 1e12
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak * 1e12 for known, peak in PEAK_TFLOPS.items() if known in name), None)
