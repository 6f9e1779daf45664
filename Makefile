LOCK_FILTER = /^(nvidia-(cublas|cuda-|cudnn|cufft|cufile|curand|cusolver|cusparse|nccl-cu13|nvjitlink|nvshmem|nvtx)|triton|cuda-)/d; /^torch==[0-9.]+ ;/d; s/^(torch==[0-9.]+)(\+cpu)?.*/\1/
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q -o requirements.lock
	sed -i -E '$(LOCK_FILTER)' requirements.lock
