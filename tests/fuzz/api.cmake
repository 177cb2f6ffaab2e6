reconcile_fuzz(fuzz_self_reviews SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_self_reviews.cc LIBS api)
reconcile_fuzz(fuzz_pod_sessions SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_pod_sessions.cc LIBS api)
