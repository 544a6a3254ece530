"""Tables of any length: folders of Parquet files, written as rows come and read as they are needed."""
