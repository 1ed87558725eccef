"""Names as scanners, converters, data sets and people write them, with what a radiographer would say.

``other`` and ``unclear`` are meant as in ``humor inspect``: an image that is none of the four or
derived from them, and one that must be asked about. Names are separated by `` | ``.
"""

from __future__ import annotations

_TEXTS = {
    "t1": """
        t1_mprage_sag_p2_iso | t1_se_tra | t1_tse_dark-fluid_tra_320 | t1_tirm_tra_dark-fluid |
        t1_fl2d_tra | t1_fl3d_sag_iso | t1_mprage_ns_sag_1mm_MPR_tra | tfl3d1_16ns_T1 | Sag T1 FLAIR |
        Ax T1 FSPGR | Ax 3D T1 BRAVO | AX T1 MEMP | Cor T1 FSE FS | 3D SAG T1 CUBE |
        WIP sT1W_3D_TFE SENSE | T1W_SE_TRA | T1W_FFE | T1_3DFE_axial | t1_gre_fsp_3d_sag_iso |
        t1_mx3d_sag | sub-12_T1w | sub-12_ses-post_acq-mprage_run-01_T1w | sub-01_ses-postop_T1w |
        sub-01_ce-none_T1w | sub-03_UNIT1 | sub-03_desc-preproc_T1w | UCSF-PDGM-0001_T1 |
        UPENN-GBM-00001_11_T1_unstripped | BraTS-GLI-00000-000-t1n | Brats17_TCIA_105_1_t1 |
        TCGA-02-0006_1996.08.23_t1 | EGD-0001_T1 | W12_T1_r2s_bet_reg |
        PatientID_0003_Timepoint_1_brain_t1n | P01_20200101120000_t1_mprage_sag_5 |
        ANON_T1_mprage_sag_p2_iso_20110822150317_3a | wT1 | swrT1w | msT1 | wmsub_T1 | T1-weighted |
        T1 weighted axial | T1W | T1WI | SAGT1 | 3DT1 | T13D | axT1 | T1_nativ | T1 nativ | T1_ohne_KM |
        T1_vor_KM | T1 sans injection | T1_sans_gado | T1 avant injection | T1 sin contraste |
        T1 senza mdc | T1 sem contraste | T1_basale | T1_zonder_contrast | T1_bez_kontrastu |
        T1_до_контраста | T1_без_контраста | T1_单纯 | T1_增强前 | T1_wo_contrast | T1 without contrast |
        T1_no_contrast | T1_noncontrast | T1_non_contrast | T1 unenhanced | T1_noGd | T1_pre_Gd |
        T1 pre contrast | preGd_T1 | T1 C- | T1 -C | T1_preop | T1_post-RT | T1_post_RT | T1_postRT |
        T1_post_resection | T1_post_chemo | T1 post-surgery | T1_postprocessed | T1_follow_up |
        20200101_preop_T1 | T1_to_FLAIR | T1_reg_T2 | T1_coreg_to_T1c | T1_2_MNI | T1toT2 |
        T1_in_T1c_space | T1_Warped | T1_bias_corrected | T1_brain | T1_skullstripped | T1_masked |
        T1_norm | T1_resampled | MPRAGE | mprage_sag | 3D MPRAGE | BRAVO | 3D_TFE | T1 TFE | MEMPRAGE |
        t1_vibe_fs_tra | T1_IR | Café_T1 | T1 (1) | t1 copy | 01_T1 | 1-T1 | MRI_T1
    """,
    "t1c": """
        t1_mprage_tra_p2_iso_KM | t1_mpr_tra_gd | t1_se_tra_KM | t1_vibe_fs_tra_post_km |
        t1_tse_fs_cor_kontrast | Ax T1 +C | AX T1 POST GAD | AX T1 FSPGR+C | SAG CUBE T1 +C |
        Ax T1 FS + C | 3D AX T1 BRAVO +C | T1 FLAIR POST AX | AX T1 FLAIR PROP +C | Ax 3D T1 Stealth C+ |
        +C Ax T1 SE | T1W_3D_TFE_GADO | sT1W_SE_GD | WIP T1W_3D_TFE_C SENSE | T1_3DFE_CE |
        t1_gre_fsp_3d_sag_C+ | t1_fse_tra+c | t1_mx3d_sag_+C | sub-12_ce-gadolinium_T1w |
        sub-12_ce-GD_run-1_T1w | sub-12_acq-postcontrast_T1w | sub-1_acq-gd_T1w | sub-001_t1ce |
        UCSF-PDGM-0001_T1c | UPENN-GBM-00001_11_T1GD_unstripped | UPENN-GBM-1_T1GD |
        BraTS-GLI-00000-000-t1c | BraTS2021_00000_t1ce | Brats17_TCIA_105_1_t1ce |
        TCGA-02-0006_1996.08.23_t1Gd | EGD-0001_T1GD | VSD.Brain.XX.O.MR_T1c.54514 |
        P01_20200101120000_t1_mprage_sag_Gd_5 | cT1 | rT1ce | wrT1c | T1Gd | T1GD | T1C | T1Ce | T1_Gad |
        T1+Gd | T1 + Gd | T1w+Gd | T1wGd | T1wCE | T1W_C | T1postGd | postT1 | post_T1 | T1post |
        T1_nach_KM | T1 mit KM | T1_KM_sag | MPRAGE_KM | T1 injecté | T1 après injection | T1_INJECTE |
        T1 con contraste | T1_contrasto | T1 con mdc | T1_dopo_mdc | T1_CIV_axial | T1 com contraste |
        T1_met_contrast | T1 na contrast | T1_med_kontrast | T1_po_kontrascie_gd | T1_kontrastli |
        T1_с_контрастом | T1_после_контраста | T1_造影 | T1_造影後 | T1_조영 | T1增强 | T1_增強 |
        T1_Gadavist |
        T1_Omniscan | T1_ProHance | T1_Clariscan | T1_gadobutrol | T1_Elucirem | T1_Gd-DTPA |
        T1 enhanced | T1_ENH | contrast_T1 | CE-T1 | CE_T1W | Gd_T1 | T1_delayed_5min | T1_post_op_gd |
        postop_T1_Gd | T1c_postop | post-RT_T1c | T1c_to_T1 | T1ce_in_MNI | T1Gd_reg |
        T1c_bias_corrected | T1_POST_CONTRAST_2 | MPRAGE_Gd | MPRAGE+C | MPRAGE post | BRAVO+C |
        FSPGR_post_gd | VIBE_KM | SAG_T1_MPRAGE_C | T1_SPACE_POST | t1_space_dark_blood_post |
        T1_CE_Dotarem_15ml | AX_T1_post_FS
    """,
    "t2": """
        t2_tse_tra_512 | t2_blade_tra | t2_space_sag_iso | t2_spc_sag_p2_iso | t2_haste_tra |
        t2_tse_fs_cor | Ax T2 PROPELLER | AX T2 FRFSE | Ax T2 FSE | Sag T2 CUBE | Ax T2 FS | T2W_TSE_TRA |
        sT2W_TSE | T2W_DRIVE | T2_FSE2D_ax | t2_fse_tra_fs | t2_arms_tra | sub-12_T2w |
        sub-12_acq-tse_T2w | UCSF-PDGM-0001_T2 | UPENN-GBM-00001_11_T2 | BraTS-GLI-00000-000-t2w |
        BraTS2021_00000_t2 | T2-weighted | T2W | AXT2 | 3DT2 | T2_to_T1 | T2_reg_to_T1ce | rT2 | wT2w |
        T2_post | T2_postop | T2_post_gd | MR_T2.54512 | T2_in_T1_space | t2 (2) | P01_t2_tse_tra_4 |
        T2_平扫 | T2_VISTA | axT2w_brain
    """,
    "flair": """
        t2_tirm_tra_dark-fluid | t2_tirm_tra | t2_flair_tra | t2_spc_da-fl_sag_iso |
        t2_space_flair_sag_fs | t2_tse_darkfluid_cor | T2_DARK_FLUID_TRA | spc_ir_sag | t2_space_ir_iso |
        Ax T2 FLAIR FS | AX FLAIR PROP | Sag 3D FLAIR CUBE | CUBE FLAIR | Ax FLAIR +C | FLAIR_longTR |
        3D_FLAIR_VISTA | 3D Brain VIEW FLAIR | VISTA_FLAIR_SENSE | FLAIR_FASE_ax | FLAIR 3D MPV |
        t2_fse_flair_tra | t2_mx3d_flair_sag | sub-12_FLAIR | sub-12_acq-3D_run-2_FLAIR |
        sub-01_space-T1w_FLAIR | UCSF-PDGM-0001_FLAIR | UPENN-GBM-00001_11_FLAIR |
        BraTS-GLI-00000-000-t2f | BraTS2021_00000_flair | T2FLAIR_3D | T2wFLAIR | FLAIR_to_T1 |
        FLAIR_reg_T1ce | flair2t1 | rFLAIR | wrFLAIR | FLAIRax | axFLAIR | 3DFLAIR | FLAIR2 | FLAIR_post |
        FLAIR_GD | Flair_brain | FLAIR_postop | FLAIR_in_T1_space | SPACE-FLAIR | space_flair |
        P01_t2_flair_tra_6 | Sag_FLAIR_fatsat | fla_tra | FLR
    """,
    "other": """
        Ax DWI b1000 | ep2d_diff_3scan_trace_p2_ADC | ADC | apparent_ADC_map | sub-01_dwi |
        sub-01_acq-b1000_dwi | resolve_3scan_trace_tra | DTI_eddy_FA | ep2d_perf_p2 | AX_PERFUSION |
        relCBV | rCBV | DSC_ap-rCBV | Ax SWI | t2_swi_tra | SWAN | mIP_Images_SW | Pha_Images_swi |
        Ax T2* GRE | T2* | t2_fl2d_tra_hemo | T2_FFE | T2W_FFE | GRE | T2 MERGE | T2STAR_tra | T2starw |
        sub-01_T2starw | T2s_map | 3D TOF | tof_fl3d_tra | MRA_TOF | CE-MRA | MRV | Localizer |
        AAHead_Scout | 3Plane Loc | Survey | ASL_perfusion | pcasl | bold_rest | sub-01_task-rest_bold |
        CT_head | CT | PET | FET-PET | pd_tse_tra | PDw | STIR_cor | t2_stir_cor | DIR_3D | T1 map |
        T1map | T1_map | T2_map | qT1 | T1_SUBTRACTION | T1 subtr | sub_T1_post | T1c-T1_diff |
        T1_ratio_T2 | MIP_T1_Gd | T1_MIP | synthetic_T1 | fake_flair | T1_DCE | T1_dynamic |
        dyn_T1_vibe_gd | MTR | sub-01_part-phase_T1w | t1_pve_0 | t1_pveseg | c1T1 | c2sub-01_T1w |
        rc1T1 | wmc1t1 | y_T1 | T1_InverseWarped | T1_1Warp | T1_biasfield | T1_bias_field | T1_jacobian |
        seg | T1_seg | BraTS-GLI-00000-000-seg | BraTS2021_00000_seg | tumor_mask | T1_mask | brain_mask |
        brainmask | sub-01_desc-brain_mask | sub-01_label-GM_probseg | sub-01_space-T1w_dseg |
        aparc+aseg | T1_label | labels | T1_roi | ROI1 | GTV | GTV_T1c | CTV_60 | T1_manual_rater1 |
        flair_lesion_mask | FLAIR_lesion | T1c_tumor | T1_groundtruth | prediction | t1_probability |
        FLAIR_wmh | edema | BraTS_001_WT | T1c_contour | Segmentation | T1_maske | Segmentierung | T1_分割 |
        T1_tissue_segmentation | T1_DIXON_fat
    """,
    "unclear": """
        T1_T2 | T1+T2 | scan1 | IMG_0001 | image | brain | series_5 | contrast | 0001 | T1_spine |
        T2_orbits | T1_pituitary_gd | C-spine T2 | T1_Gd_pre | T1 pre and post | t1_flair | flair_t1 |
        T1_mp2rage_INV1 | mp2rage_inv2 | pat1 | cat2 | MRT1 | MRT2 | set1 | t12 | patient3 | case_0000 |
        part2 | Test1 | tirm_fs_cor | t2_ir_tra | 3D_CUBE | T1 +/- C | T1 with and without contrast
    """,
}
WANTED: dict[str, list[str]] = {
    kind: [name.strip() for name in text.split("|")] for kind, text in _TEXTS.items()
}
