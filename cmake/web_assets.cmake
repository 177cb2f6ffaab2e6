# cmake -DFOLDER=api/web -DOUT=page_assets.cc -DWORK=folder -P web_assets.cmake
# Writes the files of the page into a C++ file (api/page_assets.h), each plain and compressed.
file(MAKE_DIRECTORY ${WORK})
file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(hashes "")
foreach(name IN LISTS files)
  file(SHA256 ${FOLDER}/${name} hash)
  string(APPEND hashes "${name} ${hash}\n")
endforeach()
string(SHA256 version "${hashes}")
string(SUBSTRING ${version} 0 16 version)

# A string literal's bytes; `out` is what stands in the C++ file.
function(bytes_of path out)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\"\n    \"" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
  file(SIZE ${path} size)
  set(${out} "std::string_view(\n    \"${hex}\",\n    ${size})" PARENT_SCOPE)
endfunction()

set(entries "")
foreach(name IN LISTS files)
  if(name MATCHES "\\.html$")
    set(type "text/html; charset=utf-8")
    file(READ ${FOLDER}/${name} text)
    string(REPLACE "{{version}}" "${version}" text "${text}")
    file(WRITE ${WORK}/${name} "${text}")
    set(path ${WORK}/${name})
  else()
    if(name MATCHES "\\.js$")
      set(type "text/javascript; charset=utf-8")
    elseif(name MATCHES "\\.css$")
      set(type "text/css; charset=utf-8")
    elseif(name MATCHES "\\.svg$")
      set(type "image/svg+xml")
    else()
      message(FATAL_ERROR "${FOLDER}/${name}: of what type is it?")
    endif()
    set(path ${FOLDER}/${name})
  endif()
  file(ARCHIVE_CREATE OUTPUT ${WORK}/${name}.gz PATHS ${path} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9 MTIME "2000-01-01 00:00:00")
  bytes_of(${path} plain)
  bytes_of(${WORK}/${name}.gz gzip)
  string(APPEND entries "    {\"${name}\", \"${type}\",\n     ${plain},\n     ${gzip}},\n")
endforeach()
list(LENGTH files count)
file(WRITE ${OUT} "#include \"api/page_assets.h\"

#include <array>

namespace reconcile {
namespace {

constexpr std::array<PageAsset, ${count}> kAssets = {{
${entries}}};

}  // namespace

const PageAsset* FindPageAsset(std::string_view name) {
  for (const PageAsset& asset : kAssets) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

std::string_view PageAssetsVersion() { return \"${version}\"; }

}  // namespace reconcile
")
