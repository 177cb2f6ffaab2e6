# The link over TLS, on loopback and ports of its own.
reconcile_test(link_tls_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/access_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/behaviour_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/certificates_life_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/http_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/newer_controller_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/raw_agent.cc
          ${CMAKE_CURRENT_LIST_DIR}/tls_link.cc
          ${CMAKE_CURRENT_LIST_DIR}/tls_link_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/stream_load_test.cc
          ${PROJECT_SOURCE_DIR}/tests/unit/link/link_contract.cc
          ${PROJECT_SOURCE_DIR}/tests/unit/link/sample_messages.cc
          ${PROJECT_SOURCE_DIR}/tests/unit/link/stream_contract.cc
          ${CMAKE_CURRENT_LIST_DIR}/tls_stream_test.cc
  LIBS link_io link base_io Boost::boost ssl PkgConfig::CRYPTO LABELS unit)
