# `cmake --build build --target images` draws the charts that the README shows anew.
set(images ${PROJECT_SOURCE_DIR}/docs/images)
set(video -i 30x48x80 -w 18x24x24 -n 24 --device h100-sxm --q-tile 2x8x8 --kv-tile 2x8x8)
add_custom_target(images
  COMMAND ${CMAKE_COMMAND} -E make_directory ${images}
  COMMAND tilebound plot tiles -i 64x64 -w 24x24 --q-tile 8x8 --kv-tile 8x8 -o ${images}/tiles.svg
  COMMAND tilebound plot waterfall ${video} -o ${images}/waterfall.svg
  COMMAND tilebound plot stride-sweep -i 256x256 -w 80x80 -n 24 --device b200 -o ${images}/stride-sweep.svg
  VERBATIM)
