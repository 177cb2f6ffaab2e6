# Run by the build: writes OUTPUT, a C++ file that holds the text of INPUT as reconcile::kSchemaSql.
file(READ ${INPUT} text)
file(WRITE ${OUTPUT}
"#include \"store/sqlite_schema.h\"

namespace reconcile {
const std::string_view kSchemaSql = R\"sql(${text})sql\";
}  // namespace reconcile
")
