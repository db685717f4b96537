"""What scores and maps hang on: parts masked, twins drawn, maps held against lesions."""
