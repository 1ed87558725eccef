"""The generated sample study: where its files are, and how Slicer's Sample Data module learns of it."""

from __future__ import annotations

from pathlib import Path

from humor.sequences import DISPLAY_NAMES, SEQUENCES

FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "Sample"
NAME = "HUMoRSample"
CATEGORY = "HUMoR"
SHA256 = {
    "t1": "e1455649e3a1daf2f535f88b243f9b3a57e5789ca9bfa015c9567e59ec537f90",
    "t1c": "29ea8da1469373af75223406b3a9c301efd11f06881e680e796078902f539a10",
    "t2": "f1766dfc4d8d4a4cb1d61bbd80f23068428f8e0540e398c4c7f660a36aac9900",
    "flair": "1c4c9d366f34cd463b8f1f8a070ce431ab4c8e78c72c23dec2fc0ccf308ea759",
}


def sample_files() -> dict[str, Path]:
    """Sequence → file of the sample study."""
    return {name: FOLDER / f"{name}.nii.gz" for name in SEQUENCES}


def register_sample_study(icons: Path) -> None:
    """Offer the sample study in Slicer's Sample Data module. It is copied from this checkout, not downloaded.

    Args:
        icons: the module's folder of icons.
    """
    import SampleData  # type: ignore[import-not-found]  # there inside Slicer only

    files = sample_files()
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=NAME,
        thumbnailFileName=str(icons / "HUMoRSegment.png"),
        uris=[files[name].as_uri() for name in SEQUENCES],
        fileNames=[f"{NAME}-{name}.nii.gz" for name in SEQUENCES],
        nodeNames=[f"{NAME} {DISPLAY_NAMES[name]}" for name in SEQUENCES],
        checksums=[f"SHA256:{SHA256[name]}" for name in SEQUENCES],
        loadFileType=["VolumeFile"] * len(SEQUENCES),
    )
