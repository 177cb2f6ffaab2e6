# Third-party libraries. docs/dependencies.md says why each is here.
find_package(PkgConfig REQUIRED)

# Boost >= 1.81: static, from the distribution or from RECONCILE_BOOST_PREFIX (scripts/deps unpacks it there
# when an older libboost-dev is installed that must not be removed).
if(RECONCILE_BOOST_PREFIX)
  list(PREPEND CMAKE_PREFIX_PATH ${RECONCILE_BOOST_PREFIX})
  set(BOOST_ROOT ${RECONCILE_BOOST_PREFIX})
endif()
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json filesystem system)

pkg_check_modules(YAMLCPP REQUIRED IMPORTED_TARGET yaml-cpp)
# Static: it is small, and one shared library less for every agent.
find_library(RE2_STATIC_LIBRARY NAMES libre2.a REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)
pkg_check_modules(LIBSSH2 REQUIRED IMPORTED_TARGET libssh2)
pkg_check_modules(LIBMNL REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
# The core alone: its packaged CMake file wants the HTTP server of the rest.
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(CLI11 REQUIRED)
