"""Labels drawn as polygons: the mask that they make, and the labelme and COCO files that hold them."""
