"""A device in, what its maker promises out: floating-point operations a second, for utilisation (MFU), and memory."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Gpu:
    """TFLOP/s of dense bf16, of its maker's data sheet; GiB that it leaves to a process."""

    peak_tflops: float
    memory_gib: float


# By the first name that the device's contains.
GPUS = {
    "B200": Gpu(2250.0, 178.0), "H200": Gpu(989.0, 139.0), "H100 PCIe": Gpu(756.0, 79.0), "H100": Gpu(989.0, 79.0),
    "A100": Gpu(312.0, 79.0), "L40S": Gpu(362.0, 44.0), "L40": Gpu(181.0, 44.0), "RTX 4090": Gpu(165.0, 23.5),
    "A10": Gpu(125.0, 22.0),
}  # fmt: skip


def peak_flops(given_tflops: float | None, device: torch.device) -> float | None:
    """FLOP/s as given, or by the device's name; None where that is not known, as of a CPU."""
    if given_tflops is not None:
        return given_tflops * 1e12
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((gpu.peak_tflops * 1e12 for known, gpu in GPUS.items() if known in name), None)


def known_gpu(name: str) -> str:
    """The name in `GPUS` of what a person calls `h100` or `4090`. ValueError for another."""
    found = [known for known in GPUS if name.strip().upper() in known.upper()]
    if not name.strip() or not found:
        raise ValueError(f"the GPU {name!r} is not known; {', '.join(GPUS)} are")
    return min(found, key=len)
