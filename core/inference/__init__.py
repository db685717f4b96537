"""From a trained model to scores, regions and prompts."""
