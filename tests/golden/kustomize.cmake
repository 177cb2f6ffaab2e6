# What kustomize_compare renders with.
add_executable(render_kustomization ${CMAKE_CURRENT_LIST_DIR}/render_kustomization.cc)
target_link_libraries(render_kustomization PRIVATE schema_kustomize)
