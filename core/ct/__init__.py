"""A real thorax: a CT volume, nodules placed in it, and the radiograph of both by our detector."""
