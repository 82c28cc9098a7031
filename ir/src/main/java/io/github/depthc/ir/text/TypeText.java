// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Types: {@code f32[tokens, 64]}, {@code rows[tokens]}, {@code cache<4x8>}, {@code cache<4x8, indexed>}. */
final class TypeText {
    private static final List<String> WORDS = Stream.concat(Arrays.stream(DType.values()).map(DType::text), Stream.of("rows", "cache")).toList();

    private TypeText() {
    }

    static String print(Type type) {
        return switch (type) {
            case TensorType t -> t.dtype().text() + t.shape().stream().map(TypeText::print).collect(Collectors.joining(", ", "[", "]"));
            case RowsType r -> "rows[" + print(r.tokens()) + "]";
            case CacheType c -> c.toString();
        };
    }

    private static String print(Dim dim) {
        return switch (dim) {
            case Dim.Fixed(long size) -> Long.toString(size);
            case Dim.Symbol(String name) -> Cursor.isIdentifier(name) ? name : Strings.quote(name);
        };
    }

    static Type read(Cursor cursor) {
        Location at = cursor.here();
        String word = cursor.identifier("a type");
        if (word.equals("rows")) {
            cursor.expect('[');
            Dim tokens = readDim(cursor);
            cursor.expect(']');
            return new RowsType(tokens);
        }
        if (word.equals("cache")) {
            return readCache(cursor, at);
        }
        DType dtype = DType.ofText(word);
        if (dtype == null) {
            throw cursor.error(at, "found '" + Cursor.clip(word) + "', expected a type" + Nearest.hint(word, WORDS));
        }
        List<Dim> shape = readShape(cursor, at);
        return cursor.make(at, () -> new TensorType(dtype, shape));
    }

    static TensorType readTensor(Cursor cursor) {
        Location at = cursor.here();
        Type type = read(cursor);
        if (type instanceof TensorType t) {
            return t;
        }
        throw cursor.error(at, "found '" + print(type) + "', expected a tensor type");
    }

    private static List<Dim> readShape(Cursor cursor, Location at) {
        var shape = new ArrayList<Dim>();
        cursor.expect('[');
        if (!cursor.at(']')) {
            do {
                shape.add(readDim(cursor));
            } while (cursor.take(',') && shape.size() < TensorType.MOST_DIMENSIONS);
        }
        if (shape.size() == TensorType.MOST_DIMENSIONS && !cursor.at(']')) {
            throw cursor.error(at, "found a type of more than " + TensorType.MOST_DIMENSIONS + " dimensions, expected fewer");
        }
        cursor.expect(']');
        return shape;
    }

    private static Dim readDim(Cursor cursor) {
        if (cursor.at('"')) {
            return Dim.of(cursor.string());
        }
        return cursor.atIdentifier() ? Dim.of(cursor.identifier("a dimension")) : Dim.of(cursor.size());
    }

    private static CacheType readCache(Cursor cursor, Location at) {
        cursor.expect('<');
        long heads = cursor.size();
        cursor.expect('x');
        long size = cursor.size();
        boolean indexed = cursor.take(',');
        if (indexed) {
            cursor.expect("indexed");
        }
        cursor.expect('>');
        return cursor.make(at, () -> new CacheType(Math.toIntExact(heads), Math.toIntExact(size), indexed));
    }
}
