"""The entry: `streamlit run explorer/Home.py`.

The server imports this file for its `app`; every run of a page executes it as `__main__`.
"""

if __name__ == "__main__":
    from explorer import page

    page.draw()
else:
    import streamlit as st

    from explorer.routes import ROUTES
    from explorer.startup import lifespan

    app = st.App(__file__, lifespan=lifespan, routes=ROUTES)
