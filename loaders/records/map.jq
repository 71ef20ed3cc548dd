# The stream is ours already.
.
