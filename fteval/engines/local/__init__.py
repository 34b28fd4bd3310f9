"""Models on this machine: folders, weights, templates, batches, decoding, likelihoods."""
