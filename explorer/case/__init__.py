"""One film: its picture, texts, scores, notes, neighbours and the other films of its patient."""
