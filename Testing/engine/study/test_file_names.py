"""What file names say."""

from __future__ import annotations

import pytest

from humor.study.file_names import read_name

SAID = {
    "t1": "t1 BraTS2021_1_t1 BraTS-GLI-00001-000-t1n T1w sub-01_T1w MPRAGE T1_pre_contrast "
    "T1_without_contrast t1_non-contrast T1_native T1w_Pre ax_T1_MPRAGE T1_precontrast t1_to_flair",
    "t1c": "t1c T1C t1ce BraTS2021_1_t1ce BraTS-GLI-00001-000-t1c T1_post T1Gd UPENN-GBM-1_T1GD T1-contrast "
    "MPRAGE_post sub-01_ce-gadolinium_T1w T1+C T1_KM t1_c t1wce T1w_gd T1_MPRAGE_POST_GD SAG_T1_MPRAGE_C",
    "t2": "t2 BraTS2021_1_t2 BraTS-GLI-00001-000-t2w T2w ax_t2 t2_tse t2_space",
    "flair": "flair FLAIR BraTS-GLI-00001-000-t2f T2_FLAIR T2-FLAIR_ax 3D_FLAIR t2_flair_to_t1",
    "mask": "seg BraTS-GLI-00001-000-seg t1_mask brainmask t1_brain_seg t1ce_label labels flair_segmentation",
    "other": "adc T2star dwi CT t1map swi_t2",
    "unclear": "t1_flair",
    "channel": "case_0000 BRATS_001_0003",
    "unknown": "abc contrast scan1",
}


@pytest.mark.parametrize(
    ("kind", "stem"), [(kind, stem) for kind, stems in SAID.items() for stem in stems.split()]
)
@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd"])
def test_names_mean_what_people_mean_by_them(kind, stem, ending):
    assert read_name(stem + ending).kind == kind
