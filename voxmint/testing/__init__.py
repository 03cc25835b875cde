"""What voxmint's tests share with those of packages that extend it; needs pytest."""
