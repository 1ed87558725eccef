"""What single words in names of MRI series and files mean, in the languages in which people write them.

Only words are here; what several of them together mean is decided by the rules in ``file_names.py``.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Meaning(Enum):
    """What a word speaks of."""

    NONE = auto()
    RIDDLE = auto()  # glued to a sequence, and not understood
    T1 = auto()
    T2 = auto()
    FLAIR = auto()
    FLAIR_SIEMENS = auto()  # with "t1" it is a T1 with nulled fluid
    FLAIR_SHORT = auto()  # "fl": FLAIR, unless a T1 makes it FLASH
    T1_PROTOCOL = auto()  # T1 where no other weighting is named
    WEIGHTED = auto()
    CONTRAST = auto()
    LETTER_C = auto()  # contrast right behind a T1, or with a sign
    AMBIGUOUS = auto()  # with or without contrast, who knows
    AFTER = auto()  # contrast, unless it is after something else
    BEFORE = auto()
    PLAIN = auto()
    WITHOUT = auto()
    WITH = auto()
    TREATMENT = auto()  # what "post" and "pre" may also speak of
    VISIT = auto()
    PLUS = auto()
    MINUS = auto()
    INTO = auto()  # "to", "in": the sequence behind it is where the image was brought
    REGISTERED = auto()
    TEMPLATE = auto()
    ORIENTATION = auto()
    DIMENSION = auto()
    TECHNIQUE = auto()
    VARIABLE_FLIP = auto()  # SPACE, CUBE, VISTA: T1, T2 or, with an inversion, FLAIR
    INVERSION = auto()
    GRADIENT_ECHO = auto()  # T2* where it is not T1
    FAT_SATURATION = auto()
    FAT = auto()
    SATURATION = auto()
    DARK = auto()
    FLUID = auto()
    STAR = auto()
    FIELD = auto()
    BIAS = auto()
    AND = auto()
    GLUE = auto()  # articles and the like
    MAGNETIC = auto()  # "MR": an image, not a mask
    SUBTRACTION = auto()
    LESION = auto()  # a mask, unless it only names the study
    MASK = auto()
    OTHER = auto()
    OTHER_ALONE = auto()  # also initials: only where no sequence is named
    BODY = auto()
    INVERSION_IMAGE = auto()  # INV1, INV2 of an MP2RAGE


CORES = frozenset({Meaning.T1, Meaning.T2, Meaning.FLAIR, Meaning.FLAIR_SIEMENS, Meaning.T1_PROTOCOL})
FLAIRS = frozenset({Meaning.FLAIR, Meaning.FLAIR_SIEMENS})

_WORDS: dict[Meaning, str] = {
    Meaning.T1: "t1",
    Meaning.T2: "t2",
    Meaning.FLAIR: "flair flairs flr spcir spacir fluidattenuated",
    Meaning.FLAIR_SIEMENS: "tirm darkfluid darkfl dafl dflu",
    Meaning.FLAIR_SHORT: "fl fla",
    Meaning.T1_PROTOCOL: (
        "mprage memprage mpr mpra mprag mp2rage unit unden bravo fspgr irfspgr efgre spgr irspgr tfe "
        "tfl tfl3d fl3d turboflash vibe starvibe thrive lava silenz fsp fspgr3d"
    ),
    Meaning.WEIGHTED: "w wi weighted weighting wtd gewichtet pondere ponderee pesata ponderado",
    Meaning.CONTRAST: (
        "ce gd gad gado gadolinium gadolinio gadovist gadavist gadobutrol dotarem clariscan "
        "gadoterate dotagraf magnevist multihance omniscan prohance primovist eovist elucirem vueway "
        "optimark gadoteridol contrast contrasts contraste contrasto contraat contrasted kontrast "
        "kontrastu kontrastem kontrastmittel kontrastli kontrastl contrastado contrastada km mdc mc "
        "civ ev bolus inj inject injected injection injecte injectee iniettato inyectado iv gdpost "
        "postcontrast postcontrasto postcontraste postgd postgad postgado postkm postinj postiv postc "
        "postce postinjection enh enhance enhanced enhancement ceagent delayed delay late cplus "
        "pluscontrast withcontrast gddtpa dtpa gdbt pgd nachkm mitkm apresgado apresinj"
    ),
    Meaning.LETTER_C: "c",
    Meaning.AMBIGUOUS: "cc",
    Meaning.AFTER: "post apres despues dopo pos apos efter postcon",
    Meaning.BEFORE: "pre pra prae avant antes prima vor voor przed fore before",
    Meaning.PLAIN: (
        "sc plain native nativ natif nativa nativo nativt nativni basale precontrast precontrasto "
        "precontraste pregd pregad pregado prekm preinj noncontrast noncontrasted nonenhanced "
        "unenhanced uncontrasted noce nogd nogad nogado nocontrast nc ncect noncon nonce nongd "
        "withoutcontrast wocontrast wogd ohnekm sanscontraste sanginjection sincontraste semcontraste "
        "senzamdc vorkm precon kontrastsiz"
    ),
    Meaning.WITHOUT: (
        "no non not without wo ohne sans sin senza sem zonder utan uden uten bez nie kein keine"
    ),
    Meaning.WITH: "with con avec mit com met med cum",
    Meaning.TREATMENT: (
        "op ops operation operative operativ operatory operatoire operatorio surgery surgical surg sx "
        "rt rtx crt radiotherapy radiation irradiation radio chemo chemotherapy chx tx rx treatment "
        "treated treat therapy therapie resection biopsy biopsie tmz srs gk gammaknife craniotomy "
        "ictal ictus stroke stim stimulation dbs process processed processing proc training natal "
        "partum mortem covid postop preop intraop postoperative preoperative postoperativ preoperativ "
        "praeop praop praoperativ praeoperativ postoperatorio preoperatorio postsurgery presurgery "
        "postsurgical presurgical postrt prert postradiation postradiotherapy posttreatment "
        "pretreatment postchemo prechemo posttx pretx postproc postprocessed preproc preprocessed "
        "preprocessing postresection preresection posttherapy pretherapy postbiopsy prebiopsy "
        "postmortem posttraumatic followup baseline iop"
    ),
    Meaning.VISIT: "ses session visit timepoint tp",
    Meaning.INTO: "to into onto in on 2 toward",
    Meaning.REGISTERED: "reg registered regd coreg coregistered aligned resampled resliced transformed",
    Meaning.TEMPLATE: "sri sri24 mni mni152 icbm template atlas native talairach tal std standard subject",
    Meaning.ORIENTATION: (
        "ax axi axial sag sagittal sagital sagitt cor coronal kor koronal tra trans transversal "
        "transverse transv obl oblique axt"
    ),
    Meaning.DIMENSION: "2d 3d",
    Meaning.TECHNIQUE: (
        "stealth se tse fse frfse hse mse propeller prop blade multivane mvxd mv haste fase iso "
        "isotropic caipi caipirinha sense asset arc grappa cs wave dixon mdixon hr hires highres fast "
        "memp drb qtse arms epic vfl fq optima signa skyra prisma"
    ),
    Meaning.VARIABLE_FLIP: "space spc cube vista view brainview spacefs isofse mx3d mvox xeta mpv",
    Meaning.INVERSION: "ir irfse irtse ire",
    Meaning.GRADIENT_ECHO: "gre ffe fgre flash fl2d medic merge hemo haemo hemosiderin fe fe3d fe2d",
    Meaning.FAT_SATURATION: "fs fatsat fatsup fatsuppressed spair spir stirlike we waterexc ws chess",
    Meaning.FAT: "fat",
    Meaning.SATURATION: "sat sup supp suppressed suppression saturated saturation frac",
    Meaning.DARK: "dark da dk",
    Meaning.FLUID: "fluid",
    Meaning.STAR: "star",
    Meaning.FIELD: "field fields",
    Meaning.BIAS: "bias",
    Meaning.AND: "and und",
    Meaning.GLUE: "of the de di del la le les von der agent medium media medio mezzo produit agente des",
    Meaning.MAGNETIC: "mr mri irm mrt rm rmn",
    Meaning.SUBTRACTION: "sub subtr subtracted subtraction subtrakt soustraction sustraccion sottrazione",
    Meaning.LESION: (
        "tumor tumors tumour tumours tumeur lesion lesions edema oedema necrosis cavity glioma gbm "
        "met gt wt et tc ncr ed netc snfh enhancing nonenhancing"
    ),
    Meaning.MASK: (
        "roi rois voi msk groundtruth pred prediction predicted prob probs probability probabilities "
        "aseg aparc wmparc ribbon manual consensus contour contours contoured outline delineation "
        "delineated annot annotation annotations annotated rater parcellation parc gtv gtvp gtvn ctv "
        "ptv itv oar oars rtstruct rtss pve pveseg mixeltype wmh probseg lbl labelled labeled "
        "hippocampus ventricles csf drawn truth"
    ),
    Meaning.OTHER: (
        "adc eadc dadc dwi dti dki swi swip swan swans asl pcasl pasl pwi perf perfusion dsc dce dyn "
        "dynamic twist tricks treat grasp cbv rcbv cbf rcbf mtt ttp tmax ktrans kep vp aif bold fmri "
        "rest ct cbct pet spect fet fdg mra mrv cemra cta tof angio angiography venography trace "
        "tracew phase pha magnitude localizer localiser localisateur lokalizer scout aahead survey "
        "loc calibration calib refscan senseref assetcal shim pd pdw pdwi proton stir dir psir mrs "
        "mrsi svs csi spectroscopy mip minip mips mipp rotation map maps mapping mapt relaxometry "
        "synth synthetic synthesized synthesised synthsr fake generated imputed qsm mtr mtsat ihmt "
        "cest apt aptw noddi odi isovf tensor permeability delta eigen colfa fieldmap fmap b0map "
        "b1map b1 topup warp inversewarp inversewarped deformation deformationfield displacement "
        "jacobian jac transform xfm biasfield noise residual snr psf checkerboard qc thumbnail mosaic "
        "overlay screenshot diff diffusion difference ratio mean std stdev variance t2s r1 r2 r2star "
        "r2prime t2prime qt1 qt2 epi ep2d ep3d epse resolve mbep2d ciss fiesta trufi trufisp btfe "
        "bffe ssfp psif fisp cine flow qflow venc elastography mre thickness ute zte petra report "
        "dose rtdose suv t1rho t1map t2map t2star t2starw venobold clearcsf curve graph"
    ),
    Meaning.OTHER_ALONE: "fa md rd ad",
    Meaning.BODY: (
        "spine spinal cspine tspine lspine cervical thoracic lumbar hws bws lws neck orbit orbits "
        "orbita pituitary hypophyse hypophysis sella iac knee shoulder hip abdomen pelvis liver "
        "prostate breast cardiac heart thorax chest face sinus sinuses tmj foot ankle wrist colonna "
        "columna rachis wirbelsaule"
    ),
    Meaning.INVERSION_IMAGE: "inv inv1 inv2",
}
MEANINGS: dict[str, Meaning] = {
    word: meaning for meaning, words in reversed(list(_WORDS.items())) for word in words.split()
}

# Words with endings of their own; tried in this order, after ``MEANINGS``.
WHOLE_WORDS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile(r"(t2|3d)?flair(3d|2d)?\d*"), Meaning.FLAIR),
    (
        re.compile(r"gado[a-z]{3,}|(gd|gad)\d+|kontrast(mittel|om|en|ne|er)|contrast(ed|ado|ada|e|ee)"),
        Meaning.CONTRAST,
    ),
    (re.compile(r"post(op|surg|radi|chemo|rt|treat|resec|ther|proc|biops)[a-z]*\d*"), Meaning.TREATMENT),
    (
        re.compile(r"(pre|prae?|intra|peri)(op|surg|radi|chemo|treat|resec|ther|proc|biops)[a-z]*\d*"),
        Meaning.TREATMENT,
    ),
    (re.compile(r"post\d+(min|s|sec)?"), Meaning.AFTER),
    (re.compile(r"(perf|dyn)[a-z]*\d*"), Meaning.OTHER),
    (re.compile(r"(dwi|dti|adc|swi|asl|dsc|dce|mip|pet|fmri|bold)\d+|ep[23]d[a-z0-9_]*"), Meaning.OTHER),
    (re.compile(r"[01]?(inverse)?warp(field)?\d*|(loc|scout|survey)\d*"), Meaning.OTHER),
    (re.compile(r"b\d{1,5}"), Meaning.OTHER_ALONE),
    (re.compile(r"inv\d"), Meaning.INVERSION_IMAGE),
    (
        re.compile(
            r"([a-z]*(mask|label|labelmap)s?|(a|d|prob|auto|brain|tumou?r|lesion|synth|multi|gt|fast|final|manual)?"
            r"seg(m|s|ment|ments|mented|mentation|mentations|mentacion|mentazione|map)?|segmentierung|maske|"
            r"masque|mascara|maschera|(roi|rater|reader|pve|prob|gtv|ctv|ptv|annot))\d*"
        ),
        Meaning.MASK,
    ),
    (re.compile(r"(tumou?rs?|lesions?|o?edema)\d*"), Meaning.LESION),
)

# Numbers of scans in other words that end like a sequence ("MRT 2"); and "CT2", which is no T2.
NEVER_COMPOUNDS = re.compile(r"(mrt|crt|prt|imrt|set|ct2)\d*|c?rt")

# Single letters and the like in compounds only: SPM's prefixes, and contrast before "T1".
GLUED_BEFORE: dict[str, Meaning] = {
    **dict.fromkeys(("r", "m", "s", "w", "wr", "wm", "rm", "swr", "sw", "wmr"), Meaning.NONE),
    **dict.fromkeys(["ax", "sag", "cor", "tra", "axial", "sagittal", "coronal"], Meaning.ORIENTATION),
    **dict.fromkeys(("2d", "3d"), Meaning.DIMENSION),
    **dict.fromkeys(("gd", "ce", "km", "gad", "gado", "c", "kontrast", "contrast"), Meaning.CONTRAST),
    "post": Meaning.AFTER,
    "pre": Meaning.BEFORE,
    "native": Meaning.PLAIN,
    "nativ": Meaning.PLAIN,
    "uni": Meaning.NONE,
    "mri": Meaning.NONE,
}
_T = frozenset({Meaning.T1, Meaning.T2, Meaning.FLAIR, Meaning.T1_PROTOCOL})
_BEHIND_T1 = frozenset({Meaning.T1, Meaning.T1_PROTOCOL, Meaning.WEIGHTED})
GLUED_AFTER: dict[str, tuple[Meaning, frozenset[Meaning] | None]] = {
    **dict.fromkeys(("w", "wi"), (Meaning.WEIGHTED, _T | {Meaning.CONTRAST})),
    "c": (Meaning.CONTRAST, _BEHIND_T1),
    "pc": (Meaning.CONTRAST, _BEHIND_T1),
    "ca": (Meaning.CONTRAST, _BEHIND_T1),
    "n": (Meaning.PLAIN, frozenset({Meaning.T1})),
    "f": (Meaning.FLAIR, frozenset({Meaning.T2})),
    "s": (Meaning.OTHER, frozenset({Meaning.T2})),
}
LONGEST_PART = max(map(len, MEANINGS))

# Parts of words in scripts without spaces; the longer ones first.
_OTHER_SCRIPTS: tuple[tuple[str, Meaning], ...] = (
    *(
        (part, Meaning.PLAIN)
        for part in (
            "造影前",
            "增强前",
            "增強前",
            "无增强",
            "未增强",
            "非造影",
            "造影なし",
            "造影無",
            "单純",
            "単純",
            "单纯",
            "平扫",
            "平掃",
            "조영전",
            "비조영",
        )
    ),
    *((part, Meaning.PLAIN) for part in ("безконтраст", "натив")),
    *((part, Meaning.WITHOUT) for part in ("без", "无", "不")),
    *(
        (part, Meaning.CONTRAST)
        for part in (
            "增强",
            "增強",
            "强化",
            "加强",
            "加強",
            "ガド",
            "造影",
            "조영",
            "контраст",
            "усилени",
            "гадолини",
        )
    ),
    *((part, Meaning.FLAIR) for part in ("压水", "壓水", "水抑制")),
    *((part, Meaning.MASK) for part in ("分割", "маска", "標註", "标注", "마스크")),
    *((part, Meaning.BODY) for part in ("脊", "颈", "頸", "척추")),
    *((part, Meaning.OTHER) for part in ("弥散", "灌注", "拡散", "扩散", "диффуз", "перфуз")),
)
_WHOLE_OTHER_SCRIPTS = {
    "ку": Meaning.CONTRAST,
    "кв": Meaning.CONTRAST,
    "до": Meaning.BEFORE,
    "после": Meaning.AFTER,
}


def in_other_scripts(run: str) -> list[Meaning]:
    """What a run of letters that are not Latin means."""
    if run in _WHOLE_OTHER_SCRIPTS:
        return [_WHOLE_OTHER_SCRIPTS[run]]
    found: list[Meaning] = []
    for part, meaning in _OTHER_SCRIPTS:
        if part in run:
            found.append(meaning)
            run = run.replace(part, " ")
    return found
