// Keeps a student's token in this browser, so that a closed tab can be opened again. It is not in
// the address: that is shown on projectors, and copied to neighbours.
const KEY = "lrclr-student";

export default function ({ data, setStateValue }) {
  let kept = "";
  try {
    if (data.forget) localStorage.removeItem(KEY);
    else if (data.keep) localStorage.setItem(KEY, data.keep);
    kept = localStorage.getItem(KEY) || "";
  } catch (error) {
    // A browser that keeps nothing: the student types the code again.
  }
  if (kept !== data.known) setStateValue("token", kept);
}
