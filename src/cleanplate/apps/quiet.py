"""What libraries would tell the terminal by themselves."""

import os

import cv2


def silence_decoders() -> None:
    """FFmpeg and OpenCV write to the terminal by themselves what is then said once more, and better, by an error."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
