"""Files of other servers, and ours in their hands."""
