"""What a training leaves behind for people: tables, TensorBoard, pictures and one page."""
