// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.frontend.tensorfile.TensorEntry;
import io.github.depthc.frontend.tensorfile.TensorName;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** A checked header. */
record Header(SequencedMap<String, TensorEntry> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";

    /**
     * Reads and checks a header.
     *
     * @param path  the file, for messages
     * @param text  the header's JSON
     * @param data  where the data begins in the file
     * @param size  the file's length
     */
    static Header parse(Path path, byte[] text, long data, long size) {
        if (text.length == 0 || text[0] != '{') {
            throw new InputException(path + ": the header does not begin with '{', expected a JSON object; this is not a safetensors file");
        }
        String json = Json.decode(text, 0, text.length, path.toString());
        return Json.parse(json, path.toString(), parser -> new Reader(path, parser, data, size).read());
    }

    /** Reads the tokens; the tree of a header is never built. */
    private static final class Reader {
        private final Path path;
        private final JsonParser parser;
        private final long data;
        private final long size;

        Reader(Path path, JsonParser parser, long data, long size) {
            this.path = path;
            this.parser = parser;
            this.data = data;
            this.size = size;
        }

        Header read() throws IOException {
            var tensors = new ArrayList<Map.Entry<String, TensorEntry>>();
            Map<String, String> metadata = Map.of();
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                TensorName.check(name, path);
                if (name.equals(METADATA)) {
                    metadata = metadata();
                } else {
                    tensors.add(Map.entry(name, tensor(name)));
                }
            }
            return new Header(inOrder(tensors), metadata);
        }

        private Map<String, String> metadata() throws IOException {
            require(METADATA, JsonToken.START_OBJECT, "a map of strings");
            var map = new LinkedHashMap<String, String>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                parser.nextToken();
                require(METADATA, JsonToken.VALUE_STRING, "a map of strings");
                map.put(key, parser.getText());
            }
            return Collections.unmodifiableMap(map);
        }

        private TensorEntry tensor(String name) throws IOException {
            require(name, JsonToken.START_OBJECT, "an object with dtype, shape and data_offsets");
            DType dtype = null;
            long[] shape = null;
            long[] offsets = null;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                parser.nextToken();
                switch (key) {
                    case "dtype" -> dtype = dtype(name);
                    case "shape" -> shape = numbers(name, "shape", TensorType.MOST_DIMENSIONS);
                    case "data_offsets" -> offsets = numbers(name, "data_offsets", 2);
                    default -> throw error(name, "has the unknown entry \"" + key + "\", expected dtype, shape and data_offsets");
                }
            }
            if (dtype == null || shape == null || offsets == null) {
                throw error(name, "has no " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
            }
            return entry(name, dtype, shape, offsets);
        }

        private TensorEntry entry(String name, DType dtype, long[] shape, long[] offsets) {
            if (offsets.length != 2 || offsets[0] > offsets[1]) {
                throw error(name, "has the data_offsets " + Arrays.toString(offsets) + ", expected [begin, end]");
            }
            if (offsets[1] > size - data) {
                throw error(name, "ends at byte " + offsets[1] + " of the data, but the file has only " + (size - data)
                        + " bytes of data (was the download cut short?)");
            }
            long bytes = dtype.bytes();
            try {
                for (long d : shape) {
                    bytes = Math.multiplyExact(bytes, d);
                }
            } catch (ArithmeticException e) {
                throw new InputException(at(name) + "has the shape " + Arrays.toString(shape) + ", which is too large", e);
            }
            if (bytes != offsets[1] - offsets[0]) {
                throw error(name, "is " + dtype + " " + Arrays.toString(shape) + ", which takes " + bytes
                        + " bytes, but its data_offsets " + Arrays.toString(offsets) + " hold " + (offsets[1] - offsets[0]));
            }
            return new TensorEntry(TensorType.fixed(dtype, shape), data + offsets[0], bytes);
        }

        private DType dtype(String name) throws IOException {
            require(name, JsonToken.VALUE_STRING, "a dtype string");
            String text = parser.getText();
            for (DType type : DType.values()) {
                if (type.name().equals(text)) {
                    return type;
                }
            }
            throw error(name, "has the unsupported dtype \"" + text + "\", expected one of "
                    + Arrays.stream(DType.values()).map(DType::name).collect(Collectors.joining(", ")));
        }

        private long[] numbers(String name, String key, int most) throws IOException {
            require(name, JsonToken.START_ARRAY, "a list as " + key);
            var list = new ArrayList<Long>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        || parser.getLongValue() < 0) {
                    String found = parser.currentToken().isScalarValue() ? parser.getText() : "a nested value";
                    throw error(name, "has " + found + " in its " + key + ", expected integers from 0 to " + Long.MAX_VALUE);
                }
                if (list.size() == most) {
                    throw error(name, "has more than " + most + " numbers in its " + key);
                }
                list.add(parser.getLongValue());
            }
            return list.stream().mapToLong(Long::longValue).toArray();
        }

        /** Sorted by place; each tensor must begin where the one before it ends, and the last end where the file ends. */
        private SequencedMap<String, TensorEntry> inOrder(List<Map.Entry<String, TensorEntry>> tensors) {
            tensors.sort(Comparator.comparingLong((Map.Entry<String, TensorEntry> e) -> e.getValue().offset())
                    .thenComparingLong(e -> e.getValue().bytes()));
            var map = new LinkedHashMap<String, TensorEntry>();
            long end = data;
            String before = null;
            for (var tensor : tensors) {
                long begin = tensor.getValue().offset();
                if (begin < end) {
                    throw error(tensor.getKey(), "overlaps the data of tensor \"" + before + "\"");
                }
                if (begin > end) {
                    throw error(tensor.getKey(), "begins at byte " + (begin - data) + " of the data, expected " + (end - data)
                            + ", where the tensor before it ends");
                }
                end = begin + tensor.getValue().bytes();
                before = tensor.getKey();
                map.put(before, tensor.getValue());
            }
            if (end != size) {
                throw new InputException(path + ": has " + (size - end) + " bytes behind the last tensor, expected none");
            }
            return Collections.unmodifiableSequencedMap(map);
        }

        private void require(String name, JsonToken token, String expected) throws IOException {
            if (parser.currentToken() != token) {
                throw error(name, "has " + (parser.currentToken().isScalarValue() ? parser.getText() : parser.currentToken().asString())
                        + ", expected " + expected);
            }
        }

        private InputException error(String name, String what) {
            return new InputException(at(name) + what);
        }

        private String at(String name) {
            return path + ": tensor \"" + name + "\" ";
        }
    }
}
