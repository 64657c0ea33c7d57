//! One function per decoder, shared by the fuzz targets and the corpus replay.
