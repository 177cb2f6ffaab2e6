reconcile_fuzz(fuzz_self_reviews SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_self_reviews.cc LIBS api)
