# One image for every process of SegWeb; docker-compose.yml says which one a container runs.
FROM python:3.11-slim

# The CPU build of torch; for NVIDIA GPUs build with --build-arg TORCH_INDEX=https://pypi.org/simple
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r requirements.txt

COPY . .
RUN useradd --create-home segweb && mkdir var && chown segweb var

USER segweb
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
