"""Spanish."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="es",
    titles=words(
        "sr sra srta señor señora señorita don doña dr dra doctor doctora d dña lic ing prof"
    ),
    kin=words("esposa esposo mujer marido hijo hija hermano hermana madre padre amigo amiga"),
    name_cues=(
        "me llamo",
        "mi nombre es",
        "nombre es",
        "soy",
        "se llama",
        "llamado",
        "llamada",
        "estimado",
        "estimada",
        "querido",
        "querida",
        "hola",
        "atentamente",
        "representado por",
        "representada por",
    ),
    name_labels=words(
        "nombre apellido apellidos nombre_completo paciente cliente contacto solicitante remitente "
        "destinatario firma titular asegurado médico testigo inquilino propietario de para"
    ),
    cues={
        "phone": words(
            "teléfono telefono tel tfno móvil movil celular fax llamar llámame número whatsapp"
        ),
        "card": words("tarjeta crédito débito"),
        "account": words("cuenta ccc"),
        "passport": words("pasaporte"),
        "licence": words("permiso_de_conducir licencia carné_de_conducir carnet"),
        "national-id": words(
            "dni nif nie cif curp rfc rut cuil cuit cédula seguridad_social identidad documento"
        ),
        "medical": words("historia_clínica nhc expediente"),
        "insurance": words("seguro póliza"),
        "vehicle": words("matrícula placa patente bastidor"),
        "reference": words("número nº núm no ref referencia expediente pedido factura contrato"),
        "zip": words("código_postal cp"),
        "birth": words("nacido nacida nacimiento nací"),
        "username": words("usuario"),
        "secret": words("contraseña clave"),
        "plain-number": words("artículo ley decreto página capítulo párrafo reglamento sección"),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "enero ene",
                "febrero",
                "marzo",
                "abril abr",
                "mayo",
                "junio",
                "julio",
                "agosto ago",
                "septiembre setiembre",
                "octubre",
                "noviembre",
                "diciembre dic",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("lunes martes miércoles jueves viernes sábado domingo"),
    streets=words(
        "calle c/ avenida avda av plaza paseo pza carrera camino carretera ronda travesía glorieta"
    ),
    units=words("piso puerta portal escalera bajo apartado apartado_de_correos km"),
    address_cues=(
        "vivo en la",
        "vive en la",
        "domicilio en",
        "domiciliado en",
        "dirección:",
        "dirección es",
    ),
    bodies=words(
        "universidad escuela colegio instituto academia hospital clínica tribunal juzgado corte "
        "ministerio ayuntamiento comisión comité consejo asociación fundación sindicato partido banco "
        "sociedad compañía grupo iglesia museo policía gobierno república centro agencia audiencia"
    ),
    place_cues=words("en de desde hasta a hacia ciudad pueblo provincia región municipio"),
    age_words=("años",),
    particles=words("de del la las los y"),
    function_words=words(
        "el la los las de del y que en un una es por con para no se su al lo como más mi me pero le ha "
        "este está son tiene"
    ),
)
