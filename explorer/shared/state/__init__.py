"""A session: one frozen object with what its pages share, and a setter by name for each change.

Pages know this name alone. Only `store` touches what Streamlit keeps (`tests/test_layers.py`): what
a widget shows and takes goes through `widget`, `put_widget` and `begin_widget`.
"""

# ruff: noqa: F401
from explorer.shared.state.errors import (
    ask_lesions,
    ask_masks,
    ask_report,
    ask_twins,
    drop_selection,
    fit_threshold,
    hold_report,
    is_page,
    judge,
    judge_by,
    name_selection,
    note_written,
    say_of_report,
    select_films,
    selected_rows,
    set_threshold,
    slice_by,
    slice_films,
    step_selected,
    take_report,
)
from explorer.shared.state.fields import (
    NEXT_CHOICE,
    Current,
    LabVisit,
    Selection,
    Session,
    SpeedRow,
    Try,
    WindowHistory,
)
from explorer.shared.state.films import (
    begins_comparison,
    begins_film,
    choose_arena,
    choose_cam,
    choose_model,
    choose_region,
    choose_row,
    choose_set,
    count_drawn_box,
    drop_upload,
    keep_speed,
    keep_windows,
    refuse_upload,
    take_upload,
)
from explorer.shared.state.lessons import (
    ask_lab,
    ask_subtlety,
    become_student,
    begin_lab,
    go_to_film,
    go_to_step,
    keep_lab_word,
    keep_try,
    leave_class,
    leave_lab,
    link_lab,
    note_place,
    open_lesson,
    open_reading,
    present_film,
    read_lessons_in,
    watch_nobody,
    watch_student,
)
from explorer.shared.state.prompts import (
    choose_example,
    choose_finding,
    prompt_widget,
    propose_prompt,
    set_prompt,
    set_prompts,
    undo_prompts,
)
from explorer.shared.state.runs import (
    choose_run,
    forget_dropped,
    just_ended,
    keep_dropped,
    keep_entry,
    note_import,
    note_started_run,
    propose_run_name,
    refuse_dropped,
    set_next_preset,
    start_import,
    watch,
)
from explorer.shared.state.store import (
    KEY,
    begin_widget,
    current,
    drop_widgets,
    enter,
    is_new,
    put_widget,
    session,
    widget,
)
