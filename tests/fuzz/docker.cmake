reconcile_fuzz(fuzz_docker_replies
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_docker_replies.cc
  LIBS runtime base)
