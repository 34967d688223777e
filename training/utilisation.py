"""A device in, what its maker promises out: floating-point operations a second, for utilisation (MFU), and memory."""

import torch

# Dense bf16, TFLOP/s, of the makers' data sheets; the first name that the device's contains.
PEAK_TFLOPS = {
    "B200": 2250.0, "H200": 989.0, "H100 PCIe": 756.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0, "L40": 181.0,
    "RTX 4090": 165.0, "A10": 125.0,
}  # fmt: skip

# GiB that they leave to a process.
MEMORY_GIB = {
    "B200": 178.0, "H200": 139.0, "H100": 79.0, "A100": 79.0, "L40S": 44.0, "L40": 44.0, "RTX 4090": 23.5, "A10": 22.0,
}  # fmt: skip


def peak_flops(given_tflops: float | None, device: torch.device) -> float | None:
    """FLOP/s as given, or by the device's name; None where that is not known, as of a CPU."""
    if given_tflops is not None:
        return given_tflops * 1e12
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak * 1e12 for known, peak in PEAK_TFLOPS.items() if known in name), None)


def known_gpu(name: str) -> str:
    """The name in these tables of what a person calls `h100` or `4090`. ValueError for another."""
    found = [known for known in PEAK_TFLOPS if name.strip().upper() in known.upper()]
    if not name.strip() or not found:
        raise ValueError(f"the GPU {name!r} is not known; {', '.join(PEAK_TFLOPS)} are")
    return min(found, key=len)
