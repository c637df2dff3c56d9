"""Pictures, videos and result folders on disk."""
