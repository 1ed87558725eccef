"""A MONAI network from image files to a label map, as its own examples do it. Weights are random.

Random weights take the same time as trained ones; the label map means nothing.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import torch
from monai.inferers import Inferer, SimpleInferer, SlidingWindowInferer
from monai.networks.nets import UNETR, DynUNet, SegResNet, SwinUNETR
from monai.transforms import DivisiblePad, LoadImage, NormalizeIntensity

CHANNELS, REGIONS = 4, 3
OVERLAP = 0.5


def segresnet(window: int) -> torch.nn.Module:
    """As in MONAI's bundle "brats_mri_segmentation"."""
    return SegResNet(
        init_filters=16,
        in_channels=CHANNELS,
        out_channels=REGIONS,
        blocks_down=(1, 2, 2, 4),
        blocks_up=(1, 1, 1),
        dropout_prob=0.2,
    )


def dynunet(window: int) -> torch.nn.Module:
    """As MONAI's tutorial "dynunet_pipeline" builds it for the Decathlon's brain tumours (128³, 1 mm)."""
    strides = [1, 2, 2, 2, 2, 2]
    return DynUNet(
        spatial_dims=3,
        in_channels=CHANNELS,
        out_channels=REGIONS,
        kernel_size=[3] * len(strides),
        strides=strides,
        upsample_kernel_size=strides[1:],
        norm_name="instance",
        deep_supervision=True,
        deep_supr_num=3,
    )


def swinunetr(window: int) -> torch.nn.Module:
    """With the smaller of the two sizes in use for BraTS."""
    return SwinUNETR(in_channels=CHANNELS, out_channels=REGIONS, feature_size=24)


def unetr(window: int) -> torch.nn.Module:
    """As in its paper (Hatamizadeh et al. 2022, WACV)."""
    return UNETR(in_channels=CHANNELS, out_channels=REGIONS, img_size=window, feature_size=16)


NETWORKS: dict[str, Callable[[int], torch.nn.Module]] = {
    "segresnet": segresnet,
    "dynunet": dynunet,
    "swinunetr": swinunetr,
    "unetr": unetr,
}


def segment(files: Sequence[Path], output: Path, network: str, mode: str, window: int) -> None:
    """Segment one study of four files on one grid."""
    load = LoadImage(image_only=True, ensure_channel_first=True)
    loaded = torch.cat([load(path) for path in files])
    size = loaded.shape[1:]
    image = torch.as_tensor(NormalizeIntensity(nonzero=True, channel_wise=True)(loaded))
    inferer: Inferer = SimpleInferer()
    if mode == "windows":
        inferer = SlidingWindowInferer(roi_size=(window,) * 3, sw_batch_size=1, overlap=OVERLAP)
    else:
        image = DivisiblePad(k=8, method="end")(image)
    torch.manual_seed(0)
    model = NETWORKS[network](window).eval()
    with torch.inference_mode():
        logits = inferer(image[None], model)
    whole, core, enhancing = (logits[0, :, : size[0], : size[1], : size[2]].sigmoid() > 0.5).numpy()
    labels = np.where(enhancing, 4, np.where(core, 1, np.where(whole, 2, 0))).astype(np.uint8)
    output.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels, nibabel.load(files[0]).affine), output)


def main() -> None:
    """Command line of the measured process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs=CHANNELS, type=Path)
    parser.add_argument("--network", choices=NETWORKS, required=True)
    parser.add_argument("--mode", choices=("whole", "windows"), required=True)
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    segment(given.files, given.output, given.network, given.mode, given.window)


if __name__ == "__main__":
    main()
