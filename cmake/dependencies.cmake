# Foreign libraries; docs/dependencies.md says why each is here and which package holds it.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GSL IMPORTED_TARGET QUIET gsl)
pkg_check_modules(YAML IMPORTED_TARGET QUIET yaml-0.1)
pkg_check_modules(JANSSON IMPORTED_TARGET QUIET jansson)
pkg_check_modules(MUPARSER IMPORTED_TARGET QUIET muparser)
pkg_check_modules(SQLITE IMPORTED_TARGET QUIET sqlite3)
pkg_check_modules(CMOCKA IMPORTED_TARGET QUIET cmocka) # tests only
find_package(OpenMP QUIET COMPONENTS C)
find_package(MPI QUIET COMPONENTS C) # optional: sweeps across machines
find_library(TB_OPENBLAS_LIBRARY NAMES openblas libopenblas.so.0) # bench_cpu only, opened at run time

set(missing "")
foreach(library GSL YAML JANSSON MUPARSER SQLITE OpenMP_C)
  if(NOT ${library}_FOUND)
    list(APPEND missing ${library})
  endif()
endforeach()
if(missing)
  list(JOIN missing ", " missing)
  message(FATAL_ERROR "not found: ${missing}. scripts/setup installs what is missing; "
                      "docs/dependencies.md names the packages.")
endif()
