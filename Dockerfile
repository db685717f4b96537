# The app on a computer without a GPU: made of the wheel alone, for a user without rights, with one
# folder that is written. `make dist` makes the wheel; docs/install.md says how it is started.
FROM python:3.11-slim

# PyTorch's own index has the build without CUDA, which PyPI has for Linux on no processor.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# What visitors may do; everybody is one, since a container cannot tell who sits at its computer.
ARG ACCESS=deploy/access.toml

COPY constraints.txt dist/*.whl /tmp/wheel/
RUN python -m pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -c /tmp/wheel/constraints.txt /tmp/wheel/*.whl && rm -r /tmp/wheel
COPY $ACCESS /etc/lrclr-explorer/access.toml
RUN useradd --uid 1000 --home-dir /data --create-home --shell /usr/sbin/nologin explorer

ENV HOME=/data \
    TMPDIR=/data \
    XDG_CACHE_HOME=/data/cache \
    XDG_CONFIG_HOME=/data/config \
    XDG_DATA_HOME=/data/share \
    LRCLR_ACCESS=/etc/lrclr-explorer/access.toml \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_PORT=8501

USER 1000
WORKDIR /data
VOLUME /data
EXPOSE 8501
# By the way the server itself is asked, so that no tool but Python is needed.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['STREAMLIT_SERVER_PORT'] + '/_stcore/health', timeout=8)"]
ENTRYPOINT ["lrclr-explorer"]
