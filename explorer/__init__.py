"""What the pages share; besides pages/ the only place that knows streamlit."""
