"""What reports say of findings of the heart, the vessels, the bones, and of devices."""

from core.phantom.wording.grammar import HIGH, LOW, MID, Wording

CARDIOMEGALY = (
    Wording("{enlarged} cardiomegaly", "some"),
    Wording("{enlarged} cardiomegaly", "some"),
    Wording("{enlarged} enlargement of the [heart|cardiac silhouette|cardiac contour]", "some"),
    Wording("{enlarged} cardiac enlargement", "some"),
    Wording("{degreely} enlarged [heart|cardiac silhouette]", "a"),
    Wording("[increased|elevated] cardiothoracic ratio", "a", sign=True),
    Wording("the [heart|cardiac silhouette|cardiac shadow|cardiac contour] is {degreely} enlarged"),
    Wording("the cardiomediastinal silhouette is {degreely} enlarged"),
    Wording("heart size is {degreely} [increased|enlarged]"),
    Wording("the cardiothoracic ratio is {degreely} increased"),
    Wording("the cardiothoracic ratio is [above|greater than] [0.5|one half|50 percent]"),
    Wording("the heart is at least [mildly|slightly] enlarged", bands=(LOW,)),
    Wording("the heart [appears|may be] [mildly|slightly] enlarged", bands=(LOW,)),
    Wording("the heart [takes up|occupies] more than half of the thoracic width", held_out=True),
    Wording("{enlarged} increase in heart size", "a", held_out=True),
    Wording("{degreely} widened heart shadow", "a", held_out=True),
    Wording("the transverse diameter of the heart is {degreely} increased", held_out=True),
)

EDEMA = (
    Wording("{degree} pulmonary edema", "some"),
    Wording("{degree} pulmonary edema", "some"),
    Wording("{degree} [interstitial|interstitial pulmonary] edema", "some", kind="interstitial"),
    Wording("{degree} [alveolar|alveolar pulmonary] edema", "some", kind="alveolar"),
    Wording("{degree} [pulmonary vascular|vascular] congestion", "some"),
    Wording("{degree} [fluid overload|edema of both lungs]", "some"),
    Wording("{degree} [diffuse|bilateral] increase of the interstitial markings", "a", sign=True),
    Wording("the interstitial markings are {degreely} [increased|prominent|thickened]"),
    Wording("the pulmonary vasculature [is|appears] [indistinct|congested|engorged]"),
    Wording("the pulmonary vessels [are|appear] [indistinct|congested|engorged]"),
    Wording(
        "increased interstitial markings [throughout both lungs|bilaterally]", "many", sign=True
    ),
    Wording("{degree} bilateral perihilar haze", "some", sign=True, bands=(MID, HIGH)),
    Wording(
        "bilateral perihilar [opacities|airspace opacities] [from|compatible with] edema",
        "many",
        sign=True,
        kind="alveolar",
        bands=(MID, HIGH),
    ),
    Wording("findings of {degree} pulmonary edema", "many", sign=True),
    Wording("hydrostatic edema", "some", held_out=True),
    Wording("excess fluid in the interstitium of both lungs", "some", held_out=True),
    Wording("{degree} haziness about both hila from edema", "some", held_out=True),
    Wording("the lungs are {degreely} congested", held_out=True),
)

FRACTURE = (
    Wording("{break} {side} rib fracture", "a", kind="rib"),
    Wording("{break} {side} {zone} rib fracture", "a", kind="rib"),
    Wording("{break} fracture of a {side} {zone} rib", "a", kind="rib"),
    Wording("{break} fracture of a {side} rib", "a", kind="rib"),
    Wording("a {side} {zone} rib is fractured", kind="rib"),
    Wording(
        "cortical [discontinuity|disruption] of a {side} {zone} rib", "some", sign=True, kind="rib"
    ),
    Wording("{break} {side} [clavicle|clavicular] fracture", "a", kind="clavicle"),
    Wording("{break} fracture of the {side} clavicle", "a", kind="clavicle"),
    Wording("the {side} clavicle is fractured", kind="clavicle"),
    Wording(
        "cortical [discontinuity|disruption] of the {side} clavicle",
        "some",
        sign=True,
        kind="clavicle",
    ),
    Wording("a {side} {zone} rib is broken", kind="rib", held_out=True),
    Wording("{break} break in a {side} {zone} rib", "a", kind="rib", held_out=True),
    Wording("the {side} clavicle is broken", kind="clavicle", held_out=True),
    Wording("{break} break of the {side} collarbone", "a", kind="clavicle", held_out=True),
)

_SVC = "[SVC|superior vena cava]"
_LINE = "[central line|central line|central venous catheter|central venous line]"
_GASTRIC = "[enteric tube|nasogastric tube|feeding tube|NG tube]"
DEVICES = (
    Wording("{side}[-sided| chest wall| pectoral|] pacemaker", "a", kind="pacemaker"),
    Wording("{side} [dual chamber|] pacemaker [in place|]", "a", kind="pacemaker"),
    Wording("pacemaker [in place|in the {side} chest wall]", "a", kind="pacemaker"),
    Wording("cardiac pacemaker", "a", kind="pacemaker"),
    Wording("dual chamber pacemaker", "a", kind="pacemaker"),
    Wording("[pacemaker|pacing] leads [project over|overlie] the heart", kind="pacemaker"),
    Wording("a {side} pacemaker generator overlies the chest wall", kind="pacemaker"),
    Wording(
        "endotracheal tube [in place|in satisfactory position|]", "a", kind="endotracheal tube"
    ),
    Wording("the [endotracheal|ET] tube tip is above the carina", kind="endotracheal tube"),
    Wording("tip of the endotracheal tube above the carina", kind="endotracheal tube"),
    Wording("the endotracheal tube [terminates|ends] above the carina", kind="endotracheal tube"),
    Wording("the patient is intubated", kind="endotracheal tube"),
    Wording(f"{{side}} {_LINE} [in place|]", "a", kind="central line"),
    Wording(f"{_LINE} on the {{side}}", "a", kind="central line"),
    Wording(f"{{side}} {_LINE} with tip in the {_SVC}", "a", kind="central line"),
    Wording(f"the {{side}} {_LINE} [ends|terminates] in the {_SVC}", kind="central line"),
    Wording(f"{_GASTRIC} [in place|]", "a", kind="enteric tube"),
    Wording(f"the {_GASTRIC} [courses|passes|extends] below the diaphragm", kind="enteric tube"),
    Wording(f"{_GASTRIC} with tip [in|projecting over] the stomach", "a", kind="enteric tube"),
    Wording(
        "[cardiac rhythm device|implanted pacing device] on the {side}",
        "a",
        kind="pacemaker",
        held_out=True,
    ),
    Wording(
        "pacer with its battery in the {side} chest wall", "a", kind="pacemaker", held_out=True
    ),
    Wording("breathing tube ends above the carina", kind="endotracheal tube", held_out=True),
    Wording("tracheal tube in good position", "a", kind="endotracheal tube", held_out=True),
    Wording(
        "{side} venous access catheter reaching the cava", "a", kind="central line", held_out=True
    ),
    Wording("gastric tube passing into the abdomen", "a", kind="enteric tube", held_out=True),
)

SEVERAL_DEVICES = (
    Wording("[support devices|lines and tubes] are in [standard|satisfactory|expected] position"),
    Wording("support devices are in place"),
    Wording("[support devices|lines and tubes] are [present|seen]"),
    Wording("monitoring and support hardware is in place", held_out=True),
)
"""Of cases with at least two devices."""
