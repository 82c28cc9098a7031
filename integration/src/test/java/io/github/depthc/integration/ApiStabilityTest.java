// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/api-stability.md} says of every package what it is, and stable classes show no others. */
class ApiStabilityTest {
    private static final String ROOT = "io.github.depthc";
    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private final String page = Repository.text("docs/api-stability.md");
    private final List<String> stable = names(page.substring(page.indexOf("## Stable"), page.indexOf("## May change")));
    private final List<String> changing = names(page.substring(page.indexOf("## May change")));

    private static List<String> names(String text) {
        return Pattern.compile("`(" + Pattern.quote(ROOT) + "[\\w.]*)`").matcher(text).results().map(m -> m.group(1)).toList();
    }

    @Test
    void everyPackageIsOneOrTheOther() {
        List<String> strangers = CLASSES.stream().map(JavaClass::getPackageName).distinct()
                .filter(p -> !stable.contains(p) && changing.stream().noneMatch(c -> p.equals(c) || p.startsWith(c + "."))).toList();
        assertEquals(List.of(), strangers);
        Stream.concat(stable.stream(), changing.stream()).forEach(name -> assertTrue(
                CLASSES.contain(name) || CLASSES.stream().anyMatch(c -> (c.getPackageName() + ".").startsWith(name + ".")), name + " does not exist"));
    }

    @Test
    void stableClassesShowStableOnes() {
        List<String> leaks = CLASSES.stream().filter(this::isStable).filter(ApiStabilityTest::isVisible)
                .flatMap(c -> shown(c).filter(t -> t.getName().startsWith(ROOT) && !isStable(t)).map(t -> c.getName() + " shows " + t.getName()))
                .distinct().sorted().toList();
        assertEquals(List.of(), leaks);
    }

    private boolean isStable(JavaClass type) {
        String outermost = type.getName().replaceFirst("\\$.*", "");
        return stable.contains(type.getPackageName()) || stable.contains(outermost);
    }

    private static boolean isVisible(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC) && type.getEnclosingClass().map(ApiStabilityTest::isVisible).orElse(true);
    }

    /** Types in the signatures of what others can call. */
    private static Stream<JavaClass> shown(JavaClass type) {
        Stream<JavaClass> code = type.getCodeUnits().stream().filter(m -> m.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(m -> !m.getModifiers().contains(JavaModifier.SYNTHETIC)).flatMap(ApiStabilityTest::types);
        Stream<JavaClass> fields = type.getFields().stream().filter(f -> f.getModifiers().contains(JavaModifier.PUBLIC)).map(JavaField::getType)
                .flatMap(t -> t.getAllInvolvedRawTypes().stream());
        return Stream.concat(code, fields).map(JavaClass::getBaseComponentType);
    }

    private static Stream<JavaClass> types(JavaCodeUnit unit) {
        return Stream.concat(Stream.of(unit.getReturnType()), unit.getParameterTypes().stream()).flatMap(t -> t.getAllInvolvedRawTypes().stream());
    }
}
